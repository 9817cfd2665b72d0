import OpenAI from "openai";

const [url, key] = process.argv.slice(2);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const said = {};

const messages = [{ role: "user", content: "hi" }];
let answer = await client.chat.completions.create({ model: "plain", messages });
said.plain = answer.choices[0].message.content;

said.stream = "";
for await (const chunk of await client.chat.completions.create({ model: "stream", messages, stream: true })) {
  said.stream += chunk.choices[0]?.delta?.content ?? "";
}

const tools = [{ type: "function", function: { name: "weather", parameters } }];
const asked = await client.chat.completions.create({ model: "tool", messages, tools });
const [call] = asked.choices[0].message.tool_calls;
said.call = JSON.parse(call.function.arguments);
const history = [...messages, asked.choices[0].message, { role: "tool", tool_call_id: call.id, content: "18 degrees" }];
answer = await client.chat.completions.create({ model: "tool", messages: history, tools });
said.tool = answer.choices[0].message.content;

try {
  for await (const chunk of await client.chat.completions.create({ model: "cut", messages, stream: true })) void chunk;
  said.cut = "success";
} catch (error) {
  said.cut = "error";
}
console.log(JSON.stringify(said));
