using System.Text.Json;

namespace MurkyWaters.Servers;

/// <summary>
/// servers.json: an array of <c>{"host", "port"}</c>, optionally with <c>"classic": true</c>. Read strictly: a name misspelt is an
/// error, not a server at the default port.
/// </summary>
public static class ServersFile
{
    /// <summary>More servers than a fetch could ask at once are a mistake in the file.</summary>
    public const int CountMax = 1000;

    /// <summary>The bytes of a file, and null when there is none.</summary>
    internal static byte[]? TryReadBytes(string path)
    {
#pragma warning disable RS0030 // It is the operator's file, and none of the store's.
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
#pragma warning restore RS0030
    }

    /// <summary>Reads the file's bytes; each server once.</summary>
    /// <exception cref="InvalidDataException">They are not such a list; the message says what is wrong and where.</exception>
    public static IReadOnlyList<ServerName> Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            // Editors of Windows put it there (RFC 8259, section 8.1, allows to ignore it).
            json = json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            using var document = JsonDocument.Parse(json, options);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                throw new InvalidDataException("it must be an array of {\"host\", \"port\"}");
            }

            var servers = document.RootElement.EnumerateArray().Select(ParseServer).DistinctBy(name => (name.Host, name.Port)).ToArray();
            return servers.Length <= CountMax
                ? servers
                : throw new InvalidDataException($"it names {servers.Length} servers; {CountMax} are the most");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"it is no JSON: line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}", error);
        }
    }

    private static ServerName ParseServer(JsonElement element, int index)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException($"entry {index + 1} is no object");
        }

        string? host = null;
        var port = 0;
        var isClassic = false;
        foreach (var property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case "host" when property.Value.ValueKind == JsonValueKind.String:
                    host = property.Value.GetString();
                    break;
                case "port" when property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt32(out var number):
                    port = number;
                    break;
                case "classic" when property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    isClassic = property.Value.GetBoolean();
                    break;
                default:
                    throw new InvalidDataException($"entry {index + 1}: \"{property.Name}\" is unknown, or its value has the wrong type");
            }
        }

        return ServerName.TryCreate(host, port, isClassic, out var name)
            ? name
            : throw new InvalidDataException($"entry {index + 1} needs a \"host\" (a name or an address) and a \"port\" (1 to 65535)");
    }
}
