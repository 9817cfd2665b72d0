"""Who pays: accounts, the choice among them, and what a provider's verdict does to one."""
