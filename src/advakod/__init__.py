"""ADVAKOD: a self-hosted AI legal assistant for Russian law."""

__version__ = "0.1.0"
