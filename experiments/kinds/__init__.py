"""Kinds of study, a file each: what a study of the kind runs, reads and says. `study.kind` names the file."""
