"""What can happen to a training: each fault provoked, and what its user then saw.

server    a process that has imported everything; the commands that are to be killed fork from it
stage     a folder to have faults in, and commands in it: in this process, or in one of their own
ends      whether two runs have come to the same end, to the last bit
hooks     ways to make something happen in the middle of a training
fault     what a fault is, and the list of all
provoked  the faults
kills     a run that is killed again and again ends like one that nobody disturbed
"""
