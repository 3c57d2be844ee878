"""The workloads, one module for each framework: a function of the data by the name of the workload.

Each returns a function without arguments that does the whole computation once and waits for it: its arguments are in
the framework's own arrays before, its results stay there. Parameters are the framework's state and change with every
call. No module here imports another framework, or anything of graphc but the data: what a process loads is part of its
figures.
"""
