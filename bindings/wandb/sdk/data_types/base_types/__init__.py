"""What all data types are: `wb_value.WBValue`, and those with a file, `media.Media`."""
