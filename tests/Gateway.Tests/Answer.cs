using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Gateway.Tests;

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(int Status, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The last part of a problem's type; fails when the body is none.</summary>
    public string Problem
    {
        get
        {
            Assert.Equal("application/problem+json", this["Content-Type"]);
            Assert.Equal(Status, Json.GetProperty("status").GetInt32());
            return Json.GetProperty("type").GetString()!.Split('/')[^1];
        }
    }

    public string ETag => this["ETag"]!;

    /// <summary>A field's lines with commas between, or null.</summary>
    public string? this[string name] =>
        Headers.TryGetValues(name, out var values) || ContentHeaders.TryGetValues(name, out values) ? string.Join(", ", values) : null;
}
