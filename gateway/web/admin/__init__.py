"""/admin: pages for the operator, behind the admin key. Loaded at the first visit, not before."""
