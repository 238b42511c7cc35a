using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Gateway.Tests.Semantics;

/// <summary>The table of HTTP semantics: every case over a bare socket against the real server.</summary>
public sealed partial class HttpTableTests : IClassFixture<HttpTableTests.Gateways>
{
    private readonly Gateways _gateways;
    private readonly ConcurrentDictionary<string, string> _values = new();

    public HttpTableTests(Gateways gateways) => _gateways = gateways;

    public static TheoryData<HttpCase> Identity => [.. ReadCases.Identity];

    public static TheoryData<HttpCase> Ranges => [.. RangeCases.All];

    public static TheoryData<HttpCase> Conditions => [.. ConditionCases.All];

    public static TheoryData<HttpCase> Fields => [.. ReadCases.Fields];

    public static TheoryData<HttpCase> Writes => [.. WriteCases.All];

    public static TheoryData<HttpCase> Protocol => [.. ProtocolCases.All];

    [Theory]
    [MemberData(nameof(Identity))]
    public Task Ids(HttpCase wanted) => RunAsync(wanted);

    [Theory]
    [MemberData(nameof(Ranges))]
    public Task Range_requests(HttpCase wanted) => RunAsync(wanted);

    [Theory]
    [MemberData(nameof(Conditions))]
    public Task Conditional_requests(HttpCase wanted) => RunAsync(wanted);

    [Theory]
    [MemberData(nameof(Fields))]
    public Task Fields_of_answers(HttpCase wanted) => RunAsync(wanted);

    [Theory]
    [MemberData(nameof(Writes))]
    public Task Writing(HttpCase wanted) => RunAsync(wanted);

    [Theory]
    [MemberData(nameof(Protocol))]
    public Task Protocol_and_methods(HttpCase wanted) => RunAsync(wanted);

    [Fact]
    public void The_table_has_at_least_120_cases_and_each_has_a_name_of_its_own()
    {
        HttpCase[] all =
            [.. ReadCases.Identity, .. ReadCases.Fields, .. RangeCases.All, .. ConditionCases.All, .. WriteCases.All, .. ProtocolCases.All];
        Assert.True(all.Length >= 120, $"{all.Length} cases");
        Assert.Equal(all.Length, all.Select(one => one.Name).Distinct().Count());
    }

    private async Task RunAsync(HttpCase wanted)
    {
        var gateway = wanted.Lines.Contains("on the limited gateway") ? _gateways.Limited : _gateways.Plain;
        foreach (var line in wanted.Lines.Append(wanted.Request))
        {
            foreach (Match name in Placeholder().Matches(line))
            {
                if (!_values.ContainsKey(name.Value))
                {
                    _values[name.Value] = await FindAsync(gateway, name.Value[1..^1]);
                }
            }
        }

        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync(wanted.Write(Fill));
        var isHead = wanted.Request.StartsWith("HEAD ", StringComparison.Ordinal) || wanted.Status == 304;
        var answer = await raw.ReceiveAsync(hasBody: !isHead);
        wanted.Check(answer, Fill);
        if (isHead)
        {
            // Nothing may follow the head: the next answer begins at once.
            await raw.SendAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Equal(200, (await raw.ReceiveAsync()).Status);
        }
    }

    private string Fill(string text) => Placeholder().Replace(text, name => _values[name.Value]);

    /// <summary>What stands for a placeholder: an id of its own for each case, or something about the resources of all cases.</summary>
    private static async Task<string> FindAsync(TestGateway gateway, string name)
    {
        if (name == "new")
        {
            return TestGateway.NewPath();
        }

        if (name == "old")
        {
            return (await gateway.StoreAsync("old"u8.ToArray(), ("Content-Type", "text/plain"))).Path;
        }

        if (name == "posted")
        {
            return (await gateway.SendAsync("POST", "/resources", "posted"u8.ToArray()))["Location"]!;
        }

        if (name == "gone")
        {
            var (path, _) = await gateway.StoreAsync([1]);
            Assert.Equal(204, (await gateway.SendAsync("DELETE", path, null)).Status);
            return path;
        }

        if (name.Split(' ', 2) is [var algorithm, var text])
        {
            return Convert.ToBase64String(
                CryptographicOperations.HashData(new HashAlgorithmName(algorithm.ToUpperInvariant()), Encoding.Latin1.GetBytes(text)));
        }

        var head = await gateway.SendAsync("HEAD", "/resources/10", null);
        var modified = DateTimeOffset.Parse(head["Last-Modified"]!, CultureInfo.InvariantCulture);
        return name switch
        {
            "etag" => head.ETag,
            "modified" => head["Last-Modified"]!,
            "earlier" => modified.AddSeconds(-1).ToString("R", CultureInfo.InvariantCulture),
            "later" => modified.AddSeconds(1).ToString("R", CultureInfo.InvariantCulture),
            "later850" => modified.AddSeconds(1).UtcDateTime.ToString("dddd, dd-MMM-yy HH:mm:ss 'GMT'", CultureInfo.InvariantCulture),
            _ => throw new ArgumentException(name),
        };
    }

    [GeneratedRegex(@"\{(new|old|gone|posted|etag|modified|earlier|later|later850|(sha256|sha512|sha1|md5) [^}]*)\}")]
    private static partial Regex Placeholder();

    /// <summary>The resources that cases read: 10 is ten digits, 11 is empty, 12 has 300,000 bytes.</summary>
    public sealed class Gateways : IAsyncLifetime
    {
        internal TestGateway Plain { get; private set; } = null!;

        /// <summary>One that permits a page of another origin, and bodies of 100 bytes.</summary>
        internal TestGateway Limited { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Plain = await StartAsync();
            Limited = await StartAsync("Gateway:CorsOrigins=https://app.example", "Gateway:MaxBodyBytes=100");
            await Plain.PutAsync("/resources/12", TestGateway.Bytes(300_000));

            // The seconds of their dates are to be over.
            Plain.Time.Shift(TimeSpan.FromSeconds(2));
            Limited.Time.Shift(TimeSpan.FromSeconds(2));
        }

        public async ValueTask DisposeAsync()
        {
            await Plain.DisposeAsync();
            await Limited.DisposeAsync();
        }

        private static async Task<TestGateway> StartAsync(params string[] settings)
        {
            var gateway = await TestGateway.StartAsync(settings);
            await gateway.PutAsync(
                "/resources/10", "0123456789"u8.ToArray(), ("Content-Type", "text/plain"),
                ("Content-Disposition", "attachment; filename=\"ten.txt\""));
            await gateway.PutAsync("/resources/11", []);
            return gateway;
        }
    }
}
