# The AWS command line, loaded once: it takes a second to start, and each command is a process of its own that has
# everything already. A line of standard input asks for one, {"args": […], "env": {…}}, the answer is a line too.
import json
import os
import sys
import tempfile

from awscli.clidriver import create_clidriver

driver = create_clidriver()
driver.session.get_service_model('s3')

for line in sys.stdin:
    asked = json.loads(line)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if pid == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            os.environ.clear()
            os.environ.update(asked['env'])
            code = driver.main(asked['args'])
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(pid, 0)
        out.seek(0)
        errors.seek(0)
        answer = {'code': os.waitstatus_to_exitcode(status), 'stdout': out.read().decode(), 'stderr': errors.read().decode()}
    print(json.dumps(answer), flush=True)
