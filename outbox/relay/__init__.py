"""From a message to a settled message.

claim, expand         what is new, and the keys below a coarse message
store, rows, compose  the statements of sql/relay (people_rows, brake_rows: those of one subject);
                      reading: a view may be broken
schedule, people      pure: what to do about one key, and who a user is
intent, sending       what is about to be sent, and what is on its way
settle, record        what an outcome means, and the transaction that records it; retry says when again
lane                  the loop over all of these; doorbell and service: when it sleeps, the process around it
"""
