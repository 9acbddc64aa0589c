"""The page (``gridsim app``): two policies side by side on the same cases, in Mesa's own visualisation.

``levers`` says what can be moved, ``pair`` is the Mesa model of two worlds, ``charts`` draws it, ``page`` lays it out,
``serve`` brings it into a browser. The extra ``gridsim[app]`` has what page and server need, also without internet.
"""
