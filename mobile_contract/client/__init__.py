"""The reference client: what an app must do to work for weeks without a network and lose nothing, and no more.

Read it in this order, and port it to your own language:

    wire.py     what counts as an answer, and when to ask again
    store.py    what a phone keeps: documents, cursors, lists, forms, the outbox
    phone.py    what a person does (look, visit, edit, mend) and the one `sync()`
    pushing.py  the outbox goes out, and what becomes of each item
    pulling.py  documents come in, page by page
    http.py     one POST with Python's standard library
    network.py  a bad network to test against

It knows HTTP, JSON and the operations of `mobile_contract/operations/1`; nothing of the server's code.
"""
