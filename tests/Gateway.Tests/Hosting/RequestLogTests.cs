using System.Text.RegularExpressions;

namespace Gateway.Tests.Hosting;

public sealed partial class RequestLogTests
{
    private const int Length = 64_000_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_request_is_a_line_with_what_was_sent_and_the_trace_that_its_client_gave()
    {
        using var log = new LogFile();
        await using (var gateway = await log.StartAsync("Information"))
        {
            await gateway.PutAsync("/resources/1", TestGateway.Bytes(100_000));
            await gateway.GetAsync(
                "/resources/1", ("Range", "bytes=0-99"), ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
            await gateway.GetAsync("/a%0Ab");
        }

        var lines = log.Read();
        Assert.Contains(lines, line => line.Contains("PUT /resources/1 201 received 100000 bytes in ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("GET /resources/1 206 sent 100 of 100 bytes in ", StringComparison.Ordinal)
            && line.Contains(" ms, done 4bf92f3577b34da6a3ce929d0e0e4736", StringComparison.Ordinal));
        Assert.Contains(
            lines, line => line.Contains("GET /a%0Ab 400 in ", StringComparison.Ordinal)
            || line.Contains("GET /a%0Ab 404 in ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Information", 0)]
    [InlineData("Debug", 2)]
    public async Task The_files_of_the_page_are_lines_for_those_who_look_closely(string level, int count)
    {
        using var log = new LogFile();
        await using (var gateway = await log.StartAsync(level))
        {
            await gateway.GetAsync("/index.html");
            await gateway.GetAsync("/app.js");
            await gateway.GetAsync("/none.js");
        }

        var lines = log.Read();
        Assert.Equal(count, lines.Count(line => line.Contains("GET /index.html 200", StringComparison.Ordinal)
            || line.Contains("GET /app.js 200", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.Contains("GET /none.js 404", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Information", "Warning", 0)]
    [InlineData("Warning", "Information", 1)]
    public async Task The_line_a_request_has_a_level_of_its_own(string others, string own, int count)
    {
        using var log = new LogFile();
        await using (var gateway = await log.StartAsync(others, null, $"Serilog:MinimumLevel:Override:Gateway.Requests={own}"))
        {
            await gateway.GetAsync("/resources");
        }

        Assert.Equal(count, log.Read().Count(line => line.Contains("GET /resources 200", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("/resources/1", "Accept: */*", 1_000_000, 65536, 512 * 1024)]
    [InlineData("/resources/1", "Cache-Control: no-cache", 1_000_000, 65536, 65536)]

    // Eight megabytes: more than the buffers at both ends take in.
    [InlineData("/resources/1/manifest", "Accept: */*", 100_000, 512, 0, 4096)]
    public async Task Clients_that_reset_in_mid_answer_are_a_line_each_with_what_their_sockets_took(
        string path, string field, int taken, int blockSize, int fileRun, int receiveBuffer = 0)
    {
        using var log = new LogFile();
        var port = TestGateway.FreePorts(1)[0];
        await using (var gateway = await log.StartAsync("Information", [port], $"Rain:BlockSize={blockSize}", "Rain:SymbolSize=512"))
        {
            await gateway.PutAsync("/resources/1", TestGateway.Bytes(Length));
            var clients = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => RawHttp.ConnectAsync(gateway, receiveBuffer)));
            await Task.WhenAll(clients.Select(async client =>
            {
                await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: x\r\n{field}\r\n\r\n");
                await client.ReadAndResetAsync(taken);
            }));
            await log.WaitForAsync($"GET {path} ", clients.Length);
        }

        var lines = log.Read();
        Assert.DoesNotContain(lines, line => line.StartsWith("   at ", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("[ERR]", StringComparison.Ordinal));
        var requests = lines.Where(line => line.Contains($"GET {path} ", StringComparison.Ordinal)).ToList();
        Assert.Equal(8, requests.Count);
        Assert.All(requests, line =>
        {
            Assert.Contains(", client gone ", line, StringComparison.Ordinal);

            // What the system took and had not delivered went with the connection: its buffers, a few megabytes. And of a run of a
            // file during which the socket was closed nobody can tell any more how much it took.
            var sent = long.Parse(SentBytes().Match(line).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(sent, taken - 2000 - fileRun, taken + 16_000_000);
        });
    }

    [Fact]
    public async Task What_open_pages_and_probes_ask_for_is_logged_at_level_Debug_unless_it_goes_wrong()
    {
        string[] polled = ["/transfers", "/servers", "/subscribers", "/health/live", "/health/ready", "/metrics"];
        foreach (var level in (string[])["Information", "Debug"])
        {
            using var log = new LogFile();
            await using (var gateway = await log.StartAsync(level))
            {
                foreach (var path in polled)
                {
                    Assert.Equal(200, (await gateway.GetAsync(path)).Status);
                }

                await using (var watcher = await RawHttp.ConnectAsync(gateway))
                {
                    await watcher.SendAsync("GET /transfers/events HTTP/1.1\r\nHost: x\r\n\r\n");
                    await watcher.ReadAndResetAsync(100);
                }

                Assert.Equal(404, (await gateway.GetAsync("/transfers/9")).Status);
                if (level == "Debug")
                {
                    await log.WaitForAsync("GET /transfers/events ", 1);
                }
            }

            var lines = log.Read();
            Assert.Contains(lines, line => line.Contains("GET /transfers/9 404", StringComparison.Ordinal));
            Assert.All(
                polled,
                path => Assert.Equal(level == "Debug", lines.Any(line => line.Contains($"GET {path} 200", StringComparison.Ordinal))));
            var stream = lines.Where(line => line.Contains("GET /transfers/events", StringComparison.Ordinal)).ToList();
            Assert.Equal(level == "Debug" ? 1 : 0, stream.Count);
            Assert.All(
                stream, line => Assert.Matches("GET /transfers/events 200 sent [0-9]+ bytes with the head in .* ms, client gone ", line));
            Assert.DoesNotContain(lines, line => line.StartsWith("   at ", StringComparison.Ordinal));
        }
    }

    [GeneratedRegex(" sent ([0-9]+) ")]
    private static partial Regex SentBytes();

    /// <summary>A log in a file, as the settings of the log ask for it.</summary>
    private sealed class LogFile : IDisposable
    {
        private readonly TestFolder _folder = new();

        public Task<TestGateway> StartAsync(string level, int[]? ports = null, params string[] settings) => TestGateway.StartAsync(
            ports ?? [], ports ?? [0],
            [
                $"Serilog:MinimumLevel:Default={level}", "Serilog:WriteTo:0:Name=File", $"Serilog:WriteTo:0:Args:path={_folder["log"]}",
                "Serilog:WriteTo:0:Args:shared=true", .. settings,
            ]);

        public List<string> Read()
        {
            if (!File.Exists(_folder["log"]))
            {
                return [];
            }

            using var file = new FileStream(_folder["log"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            return [.. reader.ReadToEnd().Split('\n')];
        }

        /// <summary>Waits until so many lines have a text: requests whose client is gone end on their own.</summary>
        public async Task WaitForAsync(string text, int count)
        {
            using var hangLimit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            hangLimit.CancelAfter(TimeSpan.FromSeconds(60));
            while (Read().Count(line => line.Contains(text, StringComparison.Ordinal)) < count)
            {
                await Task.Delay(20, hangLimit.Token);
            }
        }

        public void Dispose() => _folder.Dispose();
    }
}
