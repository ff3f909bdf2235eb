// Reads from the server that served the page. Asks for the token where it wants one.

const TOKEN = "mcp-trace.token";

class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function reason(answer) {
  try {
    return oneLine((await answer.json()).detail ?? answer.statusText);
  } catch {
    return answer.statusText;
  }
}

async function call(path, signal) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const answer = await fetch(path, { signal, cache: "no-store", headers: token ? { authorization: `Bearer ${token}` } : {} });
    if (answer.status === 401) {
      await askToken(token);
      continue;
    }
    if (!answer.ok) throw new ApiError(answer.status, await reason(answer));
    return answer;
  }
}

const read = async (path, signal) => (await call(path, signal)).json();

let asking;

/** Settles when there is another token than `refused`. All calls that wait share one question. */
function askToken(refused) {
  if (sessionStorage.getItem(TOKEN) !== refused) return Promise.resolve();
  asking ??= new Promise((resolve) => {
    const dialog = $("token");
    const form = dialog.querySelector("form");
    $("token-error").hidden = refused === null;
    form.token.value = "";
    dialog.oncancel = (event) => event.preventDefault();
    form.onsubmit = () => {
      sessionStorage.setItem(TOKEN, form.token.value.trim());
      asking = undefined;
      resolve();
    };
    dialog.showModal();
  });
  return asking;
}
