"""Who is responsible: roads, sections, road chiefs, duties, patrols, and the audit of them all (责任落实)."""
