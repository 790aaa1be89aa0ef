"""Fault injection: each fault that can happen to a training run, and what the user sees.

server    a process that has imported everything, from which commands to be killed are forked
stage     a folder for a fault, and commands in it: in this process or in a separate one
ends      whether two runs have ended the same, to the last bit
hooks     ways to make something happen in the middle of training
fault     the definition of a fault, and the list of all faults
provoked  the faults
kills     a run that is killed repeatedly ends like one that was not interrupted
"""
