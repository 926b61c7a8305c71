"""From received text to what is stored: pure functions, no clock, file or event loop."""
