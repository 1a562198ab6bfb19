"""The papers' statements as functions of a study, in a module for each section of the papers."""
