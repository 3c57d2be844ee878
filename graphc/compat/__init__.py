"""Names and keywords of other libraries, as thin tables over the native ones."""
