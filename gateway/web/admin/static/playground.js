// Asks by the gateway's own chat protocol and shows the answer as it comes. What ends without [DONE] was cut, and says so.
"use strict";

const form = document.getElementById("playground");
const part = (id) => document.getElementById(id);
let asking = null;

function tell(word, tone) {
  part("state").textContent = word;
  part("state").className = `tag ${tone}`;
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r/);
    rest = lines.pop();
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
  }
}

function take(chunk, seen) {
  if (chunk.error) throw new Error(chunk.error.message || "the answer broke off");
  const choice = (chunk.choices || [])[0];
  const delta = (choice && choice.delta) || {};
  if (delta.reasoning_content) {
    part("thinking").hidden = false;
    part("thought").append(delta.reasoning_content);
  }
  if (delta.content) {
    seen.first ??= performance.now();
    part("answer").append(delta.content);
  }
  if (choice && choice.finish_reason) seen.finish = choice.finish_reason;
  if (chunk.usage) seen.usage = chunk.usage;
}

function facts(answer, seen, began) {
  const told = [];
  const header = (name) => answer.headers.get(name);
  if (header("X-Mapped-Model")) told.push(`answered by ${header("X-Mapped-Model")}`);
  if (header("X-Account-Email")) told.push(`account ${header("X-Account-Email")}`);
  if (header("X-Gateway-Mode")) told.push(header("X-Gateway-Mode"));
  if (header("X-Gateway-Lossy")) told.push(`lost: ${header("X-Gateway-Lossy")}`);
  if (seen.first) told.push(`first word after ${((seen.first - began) / 1000).toFixed(2)} s`);
  told.push(`${((performance.now() - began) / 1000).toFixed(2)} s in all`);
  if (seen.usage) told.push(`${seen.usage.prompt_tokens} + ${seen.usage.completion_tokens} tokens`);
  part("facts").textContent = told.join(" · ");
}

async function ask() {
  const data = new FormData(form);
  const messages = [{ role: "user", content: data.get("prompt") }];
  if (data.get("system")) messages.unshift({ role: "system", content: data.get("system") });
  const seen = {}, began = performance.now();
  let answer = null, done = false;
  for (const id of ["answer", "thought", "facts"]) part(id).textContent = "";
  part("thinking").hidden = true;
  tell("waiting", "off");
  asking = new AbortController();
  part("ask").disabled = true;
  part("stop").disabled = false;
  try {
    answer = await fetch("/admin/playground/send", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": form.dataset.csrf },
      body: JSON.stringify({ model: data.get("model"), messages, stream: true, stream_options: { include_usage: true } }),
      signal: asking.signal,
    });
    if (!answer.ok || !(answer.headers.get("Content-Type") || "").startsWith("text/event-stream")) {
      const said = await answer.text();
      let message = `the gateway answered ${answer.status}`;
      try { message = JSON.parse(said).error.message; } catch { /* a page: the session is over */ }
      part("answer").textContent = message;
      tell(`error ${answer.status}`, "bad");
      return;
    }
    tell("streaming", "off");
    for await (const text of events(answer.body)) {
      if (text === "[DONE]") done = true;
      else take(JSON.parse(text), seen);
    }
    if (!done) throw new Error("the connection ended before the answer did");
    if (seen.finish === "stop") tell("complete", "good");
    else tell(seen.finish === "length" ? "cut: the limit of tokens is reached" : `ended: ${seen.finish || "unknown"}`, "warn");
  } catch (error) {
    if (asking.signal.aborted) tell("stopped by you", "warn");
    else {
      tell("cut", "bad");
      part("facts").textContent = error.message;
    }
  } finally {
    if (answer && answer.ok) {
      const why = part("facts").textContent;
      facts(answer, seen, began);
      if (why) part("facts").append(` · ${why}`);
    }
    part("ask").disabled = false;
    part("stop").disabled = true;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
part("stop").addEventListener("click", () => asking && asking.abort());
