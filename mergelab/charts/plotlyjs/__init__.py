"""The plotly.js that draws the charts, on the page and in reports."""
