"""report.html: one file that opens from disk, with no server and no network, and shows a run, several, or a study."""
