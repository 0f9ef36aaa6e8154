"""moment-dnb: keeps each tenant's company in DnB Regnskap equal to Moment."""

__version__ = "0.1.0"
