.DEFAULT_GOAL := help
help:
	@echo "see README.md"
