using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace EndToEnd;

/// <summary>The gateway as a user runs it: a process with its own folder, ports and servers list.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private const string RainListen = "--Rain:Listen=";
    private static readonly HttpClient Http = new() { Timeout = Tool.HangLimit };
    private readonly StringBuilder _log = new();
    private readonly string[] _arguments;
    private readonly ProcessLimits? _limits;
    private Process? _process;

    private GatewayProcess(string folder, int httpPort, string[] arguments, ProcessLimits? limits)
    {
        Folder = folder;
        HttpPort = httpPort;
        _arguments = arguments;
        _limits = limits;
    }

    /// <summary>The gateway that was built beside these tests: artifacts/bin/Gateway/(configuration)/Gateway.dll.</summary>
    public static string ProgramPath
    {
        get
        {
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.Combine(own.Parent!.Parent!.FullName, "Gateway", own.Name, "Gateway.dll");
        }
    }

    /// <summary>The folder of this node; its store is below it.</summary>
    public string Folder { get; }

    public int HttpPort { get; }

    public string Url => $"http://127.0.0.1:{HttpPort}";

    /// <summary>The first endpoint where it rains.</summary>
    public IPEndPoint RainEndPoint() =>
        IPEndPoint.Parse(
            _arguments.First(text => text.StartsWith(RainListen, StringComparison.Ordinal))[RainListen.Length..].Split(',')[0]);

    public string StorePath => Path.Combine(Folder, "data");

    public Process Process => _process!;

    /// <summary>What the process has written so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Free ports of loopback, each given out once.</summary>
    public static int[] FreePorts(int count) => Ports.Take(count);

    /// <summary>Starts a gateway and waits until it is ready.</summary>
    /// <param name="folder">Its folder; made when missing.</param>
    /// <param name="httpPort">Where HTTP listens.</param>
    /// <param name="rainPorts">Where it rains.</param>
    /// <param name="serverPorts">The ports that its servers.json names.</param>
    /// <param name="settings">Further settings, as <c>Name=value</c>.</param>
    public static Task<GatewayProcess> StartAsync(
        string folder, int httpPort, int[] rainPorts, int[] serverPorts, params string[] settings) =>
        StartAsync(null, folder, httpPort, rainPorts, serverPorts, settings);

    /// <summary>Starts one that rains from three ports of its own, which are all the servers that it knows.</summary>
    /// <param name="folder">Its folder; made when missing.</param>
    /// <param name="settings">Further settings, as <c>Name=value</c>.</param>
    public static Task<GatewayProcess> StartWithThreeServersAsync(string folder, params string[] settings)
    {
        var ports = FreePorts(4);
        return StartAsync(folder, ports[0], ports[1..], ports[1..], settings);
    }

    /// <summary>Starts one with less than the machine has.</summary>
    public static async Task<GatewayProcess> StartAsync(
        ProcessLimits? limits, string folder, int httpPort, int[] rainPorts, int[] serverPorts, params string[] settings)
    {
        Directory.CreateDirectory(folder);
        var serversFile = Path.Combine(folder, "servers.json");
        await File.WriteAllTextAsync(serversFile, JsonSerializer.Serialize(serverPorts.Select(port => new { host = "127.0.0.1", port })));
        string[] arguments =
        [
            $"--Urls=http://127.0.0.1:{httpPort}",
            $"{RainListen}{string.Join(',', rainPorts.Select(port => $"127.0.0.1:{port}"))}",
            $"--Rain:Servers={serversFile}",
            $"--Store:Path={Path.Combine(folder, "data")}",
            .. settings.Select(setting => $"--{setting}"),
        ];
        var gateway = new GatewayProcess(folder, httpPort, arguments, limits);
        await gateway.StartAgainAsync();
        return gateway;
    }

    /// <summary>Starts the process (again) with the same settings, and others that come after them.</summary>
    public async Task StartAgainAsync(params string[] settings)
    {
        _process?.Dispose();
        _process = Launch([.. _arguments, .. settings.Select(setting => $"--{setting}")], Folder, line =>
        {
            lock (_log)
            {
                _log.AppendLine(line);
            }
        }, null, _limits);
        await WaitUntilAsync(
            async () =>
            {
                Assert.False(_process.HasExited, $"the gateway ended: {Log}");
                try
                {
                    using var response = await Http.GetAsync(new Uri($"{Url}/health/ready"));
                    return response.IsSuccessStatusCode;
                }
                catch (Exception error) when (error is HttpRequestException or SocketException)
                {
                    // HttpClient lets a SocketException through when the connection is gone before it has noted whose it was.
                    return false;
                }
            },
            "ready");
    }

    /// <summary>Runs the gateway's executable to its end, for starts that must be refused.</summary>
    public static Task<ToolResult> RunToEndAsync(string folder, params string[] arguments) => RunToEndAsync(null, folder, arguments);

    /// <summary>The same with less than the machine has.</summary>
    public static async Task<ToolResult> RunToEndAsync(ProcessLimits? limits, string folder, params string[] arguments)
    {
        Directory.CreateDirectory(folder);
        var output = new StringBuilder();
        var errors = new StringBuilder();
        using var process = Launch(arguments, folder, line => Add(output, line), line => Add(errors, line), limits);
        using var limit = new CancellationTokenSource(Tool.HangLimit);
        await process.WaitForExitAsync(limit.Token);
        process.WaitForExit();
        return new ToolResult(process.ExitCode, output.ToString(), errors.ToString());

        static void Add(StringBuilder lines, string line)
        {
            lock (lines)
            {
                lines.AppendLine(line);
            }
        }
    }

    /// <summary>Polls a condition until it holds; fails when it takes longer than the hang limit.</summary>
    public static async Task WaitUntilAsync(Func<Task<bool>> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < Tool.HangLimit, $"waited {Tool.HangLimit} for: {what}");
            await Task.Delay(20);
        }
    }

    /// <summary>GETs a JSON document.</summary>
    public async Task<JsonElement> GetJsonAsync(string path)
    {
        await using var stream = await Http.GetStreamAsync(new Uri(Url + path));
        using var document = await JsonDocument.ParseAsync(stream);
        return document.RootElement.Clone();
    }

    /// <summary>GETs a text.</summary>
    public Task<string> GetTextAsync(string path) => Http.GetStringAsync(new Uri(Url + path));

    /// <summary>The newest transfer of a resource.</summary>
    public async Task<JsonElement> GetTransferAsync(string id)
    {
        var transfers = await GetJsonAsync("/transfers");
        return transfers.GetProperty("items").EnumerateArray().First(transfer => transfer.GetProperty("resource").GetString() == id);
    }

    /// <summary>Peak resident memory of the process in bytes, by the kernel's account.</summary>
    public long PeakMemoryBytes() => ReadStatus("VmHWM:");

    /// <summary>Resident memory of the process in bytes, by the kernel's account.</summary>
    public long MemoryBytes() => ReadStatus("VmRSS:");

    private long ReadStatus(string name)
    {
        var line = File.ReadLines($"/proc/{_process!.Id}/status").First(text => text.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    public async Task<int> StopAsync()
    {
        (await Tool.RunAsync("kill", "-TERM", _process!.Id.ToString(CultureInfo.InvariantCulture))).Succeeded();
        using var limit = new CancellationTokenSource(Tool.HangLimit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
    }

    private static Process Launch(
        IEnumerable<string> arguments, string workingDirectory, Action<string> onLine, Action<string>? onErrorLine = null,
        ProcessLimits? limits = null)
    {
        var start = new ProcessStartInfo(limits?.OpenFiles is null ? "dotnet" : "bash")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = workingDirectory,
        };
        if (limits?.OpenFiles is { } files)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add($"ulimit {(limits.MayRaise ? "-Sn" : "-n")} {files}; exec dotnet \"$@\"");
            start.ArgumentList.Add("bash");
        }

        if (limits?.HeapBytes is { } bytes)
        {
            start.Environment["DOTNET_GCHeapHardLimit"] = bytes.ToString("x", CultureInfo.InvariantCulture);
        }

        foreach (var (name, value) in limits?.Environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        start.ArgumentList.Add(ProgramPath);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => OnLine(e.Data, onLine);
        process.ErrorDataReceived += (_, e) => OnLine(e.Data, onErrorLine ?? onLine);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        static void OnLine(string? line, Action<string> take)
        {
            if (line is not null)
            {
                take(line);
            }
        }
    }
}

/// <summary>What a process is given of the machine.</summary>
/// <param name="OpenFiles">Files and sockets that it may open.</param>
/// <param name="MayRaise">Whether it may raise that by itself.</param>
/// <param name="HeapBytes">Bytes of its managed memory.</param>
internal sealed record ProcessLimits(int? OpenFiles = null, bool MayRaise = false, long? HeapBytes = null)
{
    /// <summary>Variables of its environment beside those of the tests.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}
