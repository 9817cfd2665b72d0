"""`app` is what gunicorn serves: `gunicorn -c gunicorn.conf.py app:app`. Run as a script it starts that server."""

import sys

if __name__ == "__main__":
    from gateway.command.main import main

    main(["serve", *sys.argv[1:]])
else:
    from gateway.command.loading import configured
    from gateway.web.application import Application

    app = Application(configured)
