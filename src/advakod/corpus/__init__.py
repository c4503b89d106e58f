"""Acts and editions in the database: what is loaded, articles put together, by date."""
