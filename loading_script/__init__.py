"""The common ground of builder and analysis: the dataset's builder class, the tables that every study has, the rules by
which votes become labels, readers of anyone's files, and how a command line runs a command.
"""
