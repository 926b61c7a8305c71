"""From received text to what is stored: pure, no clock, file or event loop."""
