import Anthropic from "@anthropic-ai/sdk";

const [url, key] = process.argv.slice(2);
const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
const input_schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const said = {};
const text = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text).join("");

const messages = [{ role: "user", content: "hi" }];
said.plain = text(await client.messages.create({ model: "plain", max_tokens: 100, messages }));
said.stream = text(await client.messages.stream({ model: "stream", max_tokens: 100, messages }).finalMessage());

const tools = [{ name: "weather", input_schema }];
const asked = await client.messages.create({ model: "tool", max_tokens: 100, messages, tools });
const call = asked.content.find((block) => block.type === "tool_use");
said.call = call.input;
const result = { type: "tool_result", tool_use_id: call.id, content: "18 degrees" };
const history = [...messages, { role: "assistant", content: asked.content }, { role: "user", content: [result] }];
said.tool = text(await client.messages.create({ model: "tool", max_tokens: 100, messages: history, tools }));

try {
  await client.messages.stream({ model: "cut", max_tokens: 100, messages }).finalMessage();
  said.cut = "success";
} catch (error) {
  said.cut = "error";
}
console.log(JSON.stringify(said));
