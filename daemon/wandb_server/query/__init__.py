"""What a question means: filters, orders, cursors, samples, buckets. Pure."""
