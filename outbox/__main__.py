"""python -m outbox"""

from outbox.cli import main

main()
