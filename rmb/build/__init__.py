"""From prompts of real users to a benchmark in RMB's layout, stage by stage; each reads and writes files of a build's folder."""
