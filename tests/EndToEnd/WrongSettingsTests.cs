using System.Net;
using System.Net.Sockets;

namespace EndToEnd;

/// <summary>Settings that are wrong because of what they meet on the machine: one clear line and exit code 2, by the real executable.
/// Each value that is wrong by itself is tried in tests/Gateway.Tests.</summary>
public sealed class WrongSettingsTests
{
    [Fact]
    public async Task Each_is_refused_in_one_line_with_exit_code_2()
    {
        using var folder = new TestFolder();
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        tcp.Listen();
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Directory.CreateDirectory(folder["folder"]);
        Write("servers.json", "[]");
        Write("file", "");
        Write("bad.json", "[\n{ \"host\": \"a\" }]");
        Write("nojson.json", "[\n{ \"host\": ");
        Write("old/records/0000000000000001", "PRR1");
        Directory.CreateDirectory(folder["newer"]);
        File.WriteAllBytes(Path.Combine(folder["newer"], "catalog.db"), [.. "SQLite format 3\0"u8, .. new byte[47], 99, .. new byte[4032]]);
        Write("broken/blobs", "a file where a folder should be");
        Write("settings/appsettings.json", "{\n \"Rain\": {\n  oops\n} }");
        Write("typo/appsettings.json", "{ \"Rain\": { \"Symbolsize\": \"many\" }, \"Gatewey\": { } }");
        (string Argument, string Named)[] wrong =
        [
            ($"--Urls=http://{tcp.LocalEndPoint}", $"the TCP port {((IPEndPoint)tcp.LocalEndPoint!).Port} is taken"),
            ($"--Rain:Listen={udp.LocalEndPoint}", $"the UDP port {((IPEndPoint)udp.LocalEndPoint!).Port} is taken"),
            ("--Urls=http://8.8.8.8:0", "Urls"),
            ("--Urls=http://unix:/proc/socket", "Urls"),
            ("--Rain:Listen=8.8.8.8:0 --Rain:AllowUnsealed=true", "Rain:Listen"),
            ($"--Store:Path={folder["file"]}", "Store:Path"),
            ("--Store:Path=/proc/nowhere", "Store:Path"),
            ($"--Store:Path={folder["broken"]}", "Store:Path"),
            ($"--Store:Path={folder["old"]}", "earlier format"),
            ($"--Store:Path={folder["newer"]}", "newer version (format 99"),
            ($"--Rain:Servers={folder["bad.json"]}", "bad.json: entry 1"),
            ($"--Rain:Servers={folder["nojson.json"]}", "nojson.json"),
            ($"--Rain:Servers={folder["folder"]}", "Rain:Servers"),
            ($"--contentRoot={folder["settings"]}", "line 3"),
            ($"--contentRoot={folder["file"]}", "contentRoot"),
            ("--Rain:SymbolSize=many", "Rain:SymbolSize"),
            ("--Rain:Listn=127.0.0.1:0", "Rain:Listen is the nearest"),
            ("--Urls=https://127.0.0.1:0", "Kestrel:Certificates"),
            ($"--Kestrel:Certificates:Default:Path={folder["nowhere"]}", "Kestrel:Certificates:Default:Path"),
            ($"--Serilog:WriteTo:0:Name=File --Serilog:WriteTo:0:Args:path={folder["file"]}/below/log", "Serilog"),
            ($"--Urls=https://127.0.0.1:0 --Kestrel:Certificates:Default:Path={folder["servers.json"]}", "certificate"),
            ($"--Urls=http://127.0.0.1:0 --Kestrel:Endpoints:A:Url=http://{tcp.LocalEndPoint}", "taken|in use"),
        ];
        var failures = new List<string>();

        // Two at a time: so many cores the smallest machine has, and a start is all that each costs.
        await Parallel.ForEachAsync(wrong, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (row, _) =>
        {
            var given = row.Argument.Split(' ');
            string[] usual =
            [
                $"--Store:Path={Path.Combine(folder.Path, Guid.NewGuid().ToString("N"))}", "--Urls=http://127.0.0.1:0",
                $"--Rain:Servers={folder["servers.json"]}",
                "--Rain:Listen=127.0.0.1:0",
            ];
            var result = await GatewayProcess.RunToEndAsync(
                folder.Path, [.. usual.Where(one => !given.Any(other => other.Split('=')[0] == one.Split('=')[0])), .. given]);
            var lines = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            if (result.ExitCode != 2 || lines.Length != 1
                || !row.Named.Split('|').Any(name => lines[0].Contains(name, StringComparison.Ordinal))
                || result.Output.Contains("   at ", StringComparison.Ordinal))
            {
                lock (failures)
                {
                    failures.Add($"{row.Argument}: exit code {result.ExitCode}, output:\n{result.Output}{result.Errors}");
                }
            }
        });
        Assert.Empty(failures);

        var typos = await GatewayProcess.RunToEndAsync(
            folder["typo"], "--Urls=http://127.0.0.1:0", "--Rain:Listen=127.0.0.1:0", $"--Rain:Servers={folder["servers.json"]}");
        Assert.Equal(2, typos.ExitCode);
        Assert.Equal(2, typos.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);

        void Write(string name, string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
            File.WriteAllText(folder[name], text);
        }
    }
}
