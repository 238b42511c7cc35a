using System.Globalization;
using System.Text;
using Xunit.Sdk;

namespace Gateway.Tests.Semantics;

/// <summary>
/// One request over a bare socket, and what its answer has to be. A line of a case begins with what it is:
/// <c>&gt;</c> a field to send, <c>+</c> the body to send, <c>&lt;</c> a field that must come, <c>&lt;~</c> one that must contain a text,
/// <c>&lt;!</c> one that must not come, <c>=</c> the whole body, <c>=~</c> a text in it, <c>=#</c> its length, <c>!</c> the problem's type.
/// </summary>
public sealed class HttpCase : IXunitSerializable
{
    public HttpCase()
    {
    }

    public HttpCase(string name, string request, int status, params string[] lines)
    {
        Name = name;
        Request = request;
        Status = status;
        Lines = lines;
    }

    public string Name { get; private set; } = "";

    /// <summary>Method and path, and the version unless it is HTTP/1.1.</summary>
    public string Request { get; private set; } = "";

    public int Status { get; private set; }

    public string[] Lines { get; private set; } = [];

    public void Serialize(IXunitSerializationInfo info)
    {
        info.AddValue(nameof(Name), Name);
        info.AddValue(nameof(Request), Request);
        info.AddValue(nameof(Status), Status);
        info.AddValue(nameof(Lines), Lines);
    }

    public void Deserialize(IXunitSerializationInfo info)
    {
        Name = info.GetValue<string>(nameof(Name))!;
        Request = info.GetValue<string>(nameof(Request))!;
        Status = info.GetValue<int>(nameof(Status));
        Lines = info.GetValue<string[]>(nameof(Lines))!;
    }

    public override string ToString() => Name;

    /// <summary>The request as it goes over the wire.</summary>
    public string Write(Func<string, string> fill)
    {
        var text = new StringBuilder(fill(Request));
        text.Append(Request.Contains(" HTTP/", StringComparison.Ordinal) ? "\r\n" : " HTTP/1.1\r\n");
        if (!Lines.Any(line => line.StartsWith("> Host:", StringComparison.OrdinalIgnoreCase) || line == "> -Host"))
        {
            text.Append("Host: gateway.example\r\n");
        }

        foreach (var line in Lines
            .Where(line => line.StartsWith("> ", StringComparison.Ordinal) && !line.StartsWith("> -", StringComparison.Ordinal)))
        {
            text.Append(fill(line[2..])).Append("\r\n");
        }

        var body = Lines.FirstOrDefault(line => line.StartsWith('+'))?[1..];
        var saysLength = Lines.Any(line => line.StartsWith("> Content-Length", StringComparison.OrdinalIgnoreCase)
            || line.StartsWith("> Transfer-Encoding", StringComparison.OrdinalIgnoreCase));
        if (body is not null && !saysLength)
        {
            text.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        }

        return text.Append("\r\n").Append(body?.Replace("\\r\\n", "\r\n", StringComparison.Ordinal)).ToString();
    }

    /// <summary>Compares an answer with what it has to be.</summary>
    internal void Check(RawHttp.Message answer, Func<string, string> fill)
    {
        var body = Encoding.Latin1.GetString(answer.Body);
        var fields = string.Join("\n", answer.Headers.Select(field => $"{field.Key}: {field.Value}"));
        var shown = $"{answer.StatusLine}\n{fields}\n\n{body[..Math.Min(500, body.Length)]}";
        Assert.True(answer.Status == Status, $"{Status} was wanted:\n{shown}");
        foreach (var line in Lines)
        {
            var (mark, rest) = line.Split(' ', 2) is [var first, var second] ? (first, fill(second)) : (line, "");
            var field = rest.Split(": ", 2);
            var value = answer.Headers.GetValueOrDefault(field[0]);
            var holds = mark switch
            {
                "<" => value == field[1],
                "<~" => value?.Contains(field[1], StringComparison.Ordinal) == true,
                "<!" => value is null,
                "=" => body == rest,
                "=~" => body.Contains(rest, StringComparison.Ordinal),
                "=#" => body.Length == int.Parse(rest, CultureInfo.InvariantCulture),
                "!" => value is null && answer.Headers["Content-Type"] == "application/problem+json"
                    && body.Contains($"\"type\":\"/problems/{rest}\"", StringComparison.Ordinal)
                    && body.Contains($"\"status\":{Status}", StringComparison.Ordinal),
                _ => true,
            };
            Assert.True(holds, $"\"{fill(line)}\" does not hold:\n{shown}");
        }
    }
}
