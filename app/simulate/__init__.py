"""Experiments on placement policies: load traces, simulated hosts, published baselines, comparable figures.

The trap: there are two modes. `compat` repeats what CloudSim 3.0.3 computes, oddities included, so that our figures can
be held against published ones; the honest mode drops the oddities. Figures of the two must never share one table
without saying so. To try a policy of your own see `app.simulate.policy`.
"""
