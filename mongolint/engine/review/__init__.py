"""What a reviewer writes about a project, as plain data.

A review is an object with these keys; a *place* is ``{file, line, column}``, 1-based::

    mongolint    the version that wrote it
    scope        {files, operations, collections, untraced}: how much was read
    health       {level, why}: level is red, orange, yellow or green
    counts       findings by severity; idle, test: how many more are in code that nothing runs, and in tests
    strengths    [{text, places}]
    issues       [{id, code, name, severity, title, impact, concern, size, todo, applied, ends_with, also, places}]:
                 findings of one rule, told once. todo: what its fixes do; applied: how many places a fix can be applied
                 to; ends_with: the id of an issue whose fix ends this one, too, or null; also: [{code, name, title,
                 count}], rules that found the same places and are told with this one.
                 places: [{…place, end_line, end_column, severity, message, collections, related, fix, fingerprint,
                 script, idle, test}]; script: whether the file is a script or a migration.
    questions    [{concern, question, ground, of}]: what the code leaves open, the weightiest first, each once for all
                 the collections of which it is asked. of: [{collection, details, places}]; details: what of the
                 collection is meant, fields or indexes, where that differs
    collections  [{name, operations, fields, open, indexes, needed, validator, timeseries, completeness}]:
                 made: whether a start of the application makes an index; validator: null where only the running
                 program knows
    indexes      [{priority, collection, keys, options, why, reason, serves, writes, replaces}]
    queries      [{…of mongolint.engine.explained}]: the queries to look at first, with what would serve them
    coverage     the record of mongolint.engine.coverage, without what only tests ask
    operations   [{topic, question, shown}]: what the repository shows of how the database is run, as places with
                 the text that shows it
    plan         [{step, severity, why, size, issues, collections}]: by impact; a step may clear several issues
    acceptance   [{text, command, issues}]
    unknown      [text]: what the source does not tell
    compared     null, or {new, remaining: fingerprints; fixed: [{code, name, severity, message, file, line}]}

Every sentence rests on a place of the code, or is a question.
"""
