using System.Text.Json;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Sharing;

/// <summary>A link as it is kept: of its secret there is the digest alone, so that who reads the file has not the link.</summary>
/// <param name="Link">The link.</param>
/// <param name="SecretDigest">SHA-256 of its secret.</param>
internal sealed record ShareRecord(ShareLink Link, Sha256Digest SecretDigest) : IStoredRecord<ShareRecord>
{
    private const int Version = 1;

    string IStoredRecord<ShareRecord>.Name => Link.Id;

    public byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("id", Link.Id);
            json.WriteString("secret_sha256", SecretDigest.ToString());
            json.WriteString("resource", Link.Resource.ToString());
            if (Link.Path is { } path)
            {
                json.WriteString("path", path);
            }

            json.WriteNumber("created", Link.Created.ToUnixTimeMilliseconds());
            json.WriteNumber("expires", Link.Expires.ToUnixTimeMilliseconds());
            json.WriteBoolean("once", Link.IsOnce);
            if (Link.Used is { } used)
            {
                json.WriteNumber("used", used.ToUnixTimeMilliseconds());
                json.WriteString("user", Link.User.ToString());
            }

            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    public static ShareRecord? TryRead(ReadOnlyMemory<byte> bytes) => RecordJson.TryRead(bytes, Read);

    private static ShareRecord? Read(JsonElement json)
    {
        var id = Text("id");
        if (json.GetProperty("version").GetInt32() != Version || id.Length != 16 || id.Any(digit => !char.IsAsciiHexDigitLower(digit))
            || !ResourceId.TryParse(Text("resource"), out var resource)
            || !Sha256Digest.TryParseHex(Text("secret_sha256"), out var secret))
        {
            return null;
        }

        var used = json.TryGetProperty("used", out var at) ? Time(at) : (DateTimeOffset?)null;
        return new ShareRecord(
            new ShareLink(
                id, resource, json.TryGetProperty("path", out var path) ? path.GetString() : null, Time(json.GetProperty("created")),
                Time(json.GetProperty("expires")), json.GetProperty("once").GetBoolean(), used,
                used is null ? default : Bits128.TryParseHex(Text("user"), out var user) ? user : throw new FormatException()),
            secret);

        static DateTimeOffset Time(JsonElement value) => DateTimeOffset.FromUnixTimeMilliseconds(value.GetInt64());

        string Text(string name) => json.GetProperty(name).GetString() ?? throw new FormatException();
    }
}
