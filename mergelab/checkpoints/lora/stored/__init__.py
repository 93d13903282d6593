"""What stands in an adapter's file: names, parts, and what PEFT's model makes of those of a tied embedding."""
