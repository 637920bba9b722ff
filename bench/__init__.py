"""Benchmarks: Hanmaru beside Janus on the same work, with a load that neither encodes nor decodes. `python -m bench`.

__main__      the command: what is measured, how often, for how long
suite         the measurements one after another, and what stands in the results
peer, sdp     a lean WebRTC peer: ICE and DTLS of the library, RTP packets of our own
rtp, line     pure: packets as bytes; loss, bursts, jitter and delay of a line
sending       pictures and voices out: the clock, history for NACK, a key frame for PLI
receiving     pictures and voices in: who came when, NACK, PLI, receiver reports
clip, pictures, speech, opus  what is sent, made once and kept: encoded pictures and voices; which came through
clockwork, equipment, floor, relay  a steady clock; WHIP and WHEP; a transcode's floor; an impaired line for browsers
cast          a consultation's participants, in the same words for both servers
hanmaru, janus, reflector, process     the servers
cpu, memory, sockets, canary  what the machine says: CPU and memory of process trees, lost datagrams, stalls of the host
heartbeat, growth             how late the load itself is; pure: a step of the growth curve, and who is to blame
figures, timing, hearing      pure: percentiles and ratios, which frame came when, where a sound begins
measure_*     one measurement each; measure_kills is a command of its own
results, rows_*, scores, sound, plots, readme   what comes of it
"""
