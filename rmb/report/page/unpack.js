// What is packed inside the page: base64 of raw deflate of JSON, in script elements that are no scripts.

const CHUNKS_KEPT = 6;

function bytesOf(base64) {
  const binary = atob(base64.trim());
  const bytes = new Uint8Array(binary.length);
  for (let place = 0; place < binary.length; place += 1) bytes[place] = binary.charCodeAt(place);
  return bytes;
}

function inflating() {
  try {
    return new DecompressionStream("deflate-raw");
  } catch (error) {
    throw new Error("this browser is too old to unpack it (Chromium 103, Firefox 113 and Safari 16.4 can)", { cause: error });
  }
}

// The JSON in the element of this id. An error names the element and says what is wrong with it.
async function unpack(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The part “${id}” is not in this file.`);
  try {
    const stream = new Blob([bytesOf(element.textContent)]).stream().pipeThrough(inflating());
    return JSON.parse(await new Response(stream).text());
  } catch (error) {
    throw new Error(`The part “${id}” of this file cannot be unpacked: ${error.message || "it is damaged"}`, { cause: error });
  }
}

const chunks = new Map();

// A chunk of texts; the last few stay unpacked.
function chunk(number) {
  const kept = chunks.get(number) ?? unpack(`chunk-${number}`);
  chunks.delete(number);
  chunks.set(number, kept);
  if (chunks.size > CHUNKS_KEPT) chunks.delete(chunks.keys().next().value);
  return kept;
}
