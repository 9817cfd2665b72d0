// The beta tool runner asks for a thread the server keeps; told that there is none it sends the whole conversation.
import Anthropic from "@anthropic-ai/sdk";

const [url, key] = process.argv.slice(2);
const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
const ran = [];
const weather = {
  name: "weather",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  run: async (input) => {
    ran.push(input);
    return "18 degrees";
  },
  parse: (input) => input,
};
const messages = [{ role: "user", content: "the first words" }];
const runner = client.beta.messages.toolRunner({ model: "tool", max_tokens: 100, messages, tools: [weather] });
const last = await runner;
const tool = last.content.filter((block) => block.type === "text").map((block) => block.text).join("");
console.log(JSON.stringify({ tool, call: ran[0] }));
