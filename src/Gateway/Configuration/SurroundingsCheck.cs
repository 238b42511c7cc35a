using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Gateway.Configuration;

/// <summary>Looks at what the settings point to, before anything starts: ports, the store's folder, the servers file.</summary>
internal static class SurroundingsCheck
{
    public static void Run(GatewaySettings settings, SettingsReader reader)
    {
        var mistakes = reader.Mistakes;
        foreach (var endPoint in settings.Rain.Listen.Where(endPoint => endPoint.Port != 0 && !reader.IsWrong(KnownSettings.RainListen)))
        {
            CheckPort(KnownSettings.RainListen.Name, endPoint.ToString(), endPoint, ProtocolType.Udp, mistakes);
        }

        foreach (var url in settings.Urls.Where(_ => !reader.IsWrong(KnownSettings.Urls)))
        {
            var address = BindingAddress.Parse(url);
            if (!address.IsUnixPipe && !address.IsNamedPipe && address.Port != 0)
            {
                CheckPort(KnownSettings.Urls.Name, url, EndPointOf(address), ProtocolType.Tcp, mistakes);
            }
        }

        CheckStore(settings.Store.Path, mistakes);
        CheckServersFile(settings.Rain.ServersFile, mistakes);
    }

    /// <summary>Where Kestrel will listen: a name other than localhost means every address.</summary>
    private static IPEndPoint EndPointOf(BindingAddress address) =>
        IPAddress.TryParse(address.Host, out var ip) ? new IPEndPoint(ip, address.Port)
        : address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? new IPEndPoint(IPAddress.Loopback, address.Port)
        : new IPEndPoint(IPAddress.Any, address.Port);

    private static void CheckPort(string setting, string shown, IPEndPoint endPoint, ProtocolType protocol, List<string> mistakes)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
            socket.Bind(endPoint);
        }
        catch (SocketException e)
        {
            var reason = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"the {protocol.ToString().ToUpperInvariant()} port {endPoint.Port} is taken by another process; a free one is wanted.",
                SocketError.AccessDenied => $"the port {endPoint.Port} may not be opened by this user; one above 1023 is wanted.",
                SocketError.AddressNotAvailable => "this machine has no such address; one of its own is wanted.",
                _ => $"it cannot be opened: {e.Message}.",
            };
            mistakes.Add($"{setting} = \"{shown}\": {reason}");
        }
    }

    private static void CheckStore(string path, List<string> mistakes)
    {
        try
        {
            Directory.CreateDirectory(path);
            using (File.Create(Path.Combine(path, $".check-{Environment.ProcessId}"), 1, FileOptions.DeleteOnClose))
            {
            }

            _ = Directory.GetFileSystemEntries(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mistakes.Add($"Store:Path = \"{path}\": a folder that can be read and written is wanted: {e.Message}");
        }
    }

    private static void CheckServersFile(string path, List<string> mistakes)
    {
        const string Wanted = "an array of {\"host\": \"...\", \"port\": 1980} is wanted";
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path), new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                mistakes.Add($"{path}: {Wanted}.");
                return;
            }

            var index = 0;
            foreach (var server in document.RootElement.EnumerateArray())
            {
                index++;
                if (!IsServer(server))
                {
                    mistakes.Add($"{path}: entry {index} is {server.GetRawText().ReplaceLineEndings(" ")}: {Wanted}.");
                }
            }
        }
        catch (JsonException e)
        {
            mistakes.Add($"{path}: line {e.LineNumber + 1} is not valid JSON: {e.Message.Split(" LineNumber:")[0]}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mistakes.Add($"Rain:Servers = \"{path}\": the path of a readable file is wanted: {e.Message}");
        }
    }

    private static bool IsServer(JsonElement server) =>
        server.ValueKind == JsonValueKind.Object
        && server.TryGetProperty("host", out var host) && host.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(host.GetString())
        && server.TryGetProperty("port", out var port) && port.ValueKind == JsonValueKind.Number && port.TryGetUInt16(out var number) && number > 0
        && (!server.TryGetProperty("classic", out var classic) || classic.ValueKind is JsonValueKind.True or JsonValueKind.False);
}
