"""The report: one HTML file with everything in it, each figure as SVG and PNG, each table as CSV and LaTeX."""
