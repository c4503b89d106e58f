"""`python -m advakod`."""

from .cli import main

main()
