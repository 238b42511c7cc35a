using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MurkyWaters.Engines.Etcd;

/// <summary>etcd's JSON: keys and values in base64, 64-bit numbers as texts, what is zero left out. Reading never throws: what is not of
/// the expected kind is as if it were not there.</summary>
internal static class EtcdJson
{
    /// <summary>Writes an object.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes a 64-bit number.</summary>
    public static void WriteInt64(this Utf8JsonWriter json, string name, long value) =>
        json.WriteString(name, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Writes a key.</summary>
    public static void WriteKey(this Utf8JsonWriter json, string name, string key) =>
        json.WriteBase64String(name, Encoding.UTF8.GetBytes(key));

    /// <summary>A member that is an object or a list; undefined when there is none.</summary>
    public static JsonElement Find(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var found) ? found : default;

    /// <summary>The elements of a member that is a list.</summary>
    public static IEnumerable<JsonElement> FindList(this JsonElement element, string name) =>
        element.Find(name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    /// <summary>A 64-bit number, 0 when there is none.</summary>
    public static long FindInt64(this JsonElement element, string name)
    {
        var found = element.Find(name);
        return found.ValueKind switch
        {
            JsonValueKind.String when long.TryParse(
                found.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) => value,
            JsonValueKind.Number when found.TryGetInt64(out var value) => value,
            _ => 0,
        };
    }

    /// <summary>Whether a member is true.</summary>
    public static bool FindFlag(this JsonElement element, string name) => element.Find(name).ValueKind == JsonValueKind.True;

    /// <summary>A text, null when there is none.</summary>
    public static string? FindText(this JsonElement element, string name) =>
        element.Find(name) is { ValueKind: JsonValueKind.String } found ? found.GetString() : null;

    /// <summary>Bytes, none when there are none.</summary>
    public static byte[] FindBytes(this JsonElement element, string name) =>
        element.Find(name) is { ValueKind: JsonValueKind.String } found && found.TryGetBytesFromBase64(out var bytes) ? bytes : [];
}
