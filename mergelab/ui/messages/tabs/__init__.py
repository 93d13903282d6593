"""What the tabs show: one file per tab, and one for what a card measures by itself."""
