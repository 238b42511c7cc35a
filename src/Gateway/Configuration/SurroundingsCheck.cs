using System.Net;
using System.Net.Sockets;
using MurkyWaters.Servers;

namespace Gateway.Configuration;

/// <summary>Looks at what the settings point to, before anything starts: ports, the store's folder, the servers file.</summary>
internal static class SurroundingsCheck
{
    /// <param name="settings">The settings.</param>
    /// <param name="reader">Knows which of them are wrong, and takes mistakes.</param>
    /// <param name="isRunning">Whether the gateway holds its ports and its store already.</param>
    public static void Run(GatewaySettings settings, SettingsReader reader, bool isRunning)
    {
        var mistakes = reader.Mistakes;
        if (!isRunning)
        {
            CheckPorts(settings, reader);
            CheckStore(settings.Store.Path, mistakes);
        }

        CheckServersFile(settings.Rain.ServersFile, mistakes);
    }

    /// <summary>All are held until the last has been tried, so that two that exclude each other are found too.</summary>
    private static void CheckPorts(GatewaySettings settings, SettingsReader reader)
    {
        var mistakes = reader.Mistakes;
        var held = new List<Socket>();
        try
        {
            foreach (var endPoint in settings.Rain.Listen.Where(_ => !reader.IsWrong("Rain:Listen")))
            {
                CheckPort("Rain:Listen", endPoint.ToString(), endPoint, ProtocolType.Udp, held, mistakes);
            }

            // Endpoints of Kestrel's own section go before Urls.
            foreach (var url in settings.Urls.Where(_ => !reader.IsWrong("Urls") && !reader.Has("Kestrel:Endpoints")))
            {
                var address = BindingAddress.Parse(url);
                if (address.IsUnixPipe)
                {
                    if (!Directory.Exists(Path.GetDirectoryName(address.UnixPipePath)))
                    {
                        mistakes.Add($"Urls = \"{url}\": the path of a socket in a folder that exists is wanted.");
                    }
                }
                else
                {
                    CheckPort("Urls", url, EndPointOf(address), ProtocolType.Tcp, held, mistakes);
                }
            }
        }
        finally
        {
            held.ForEach(socket => socket.Dispose());
        }
    }

    /// <summary>Where Kestrel will listen: a name other than localhost means every address.</summary>
    public static IPEndPoint EndPointOf(BindingAddress address) =>
        IPAddress.TryParse(address.Host, out var ip) ? new IPEndPoint(ip, address.Port)
        : address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ? new IPEndPoint(IPAddress.Loopback, address.Port)
        : new IPEndPoint(IPAddress.Any, address.Port);

    private static void CheckPort(
        string setting, string shown, IPEndPoint endPoint, ProtocolType protocol, List<Socket> held, List<string> mistakes)
    {
        try
        {
            var socket = new Socket(endPoint.AddressFamily, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
            held.Add(socket);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(endPoint);

            // Who listens already is found by binding. Two of our own show only when both listen, which is not done without need:
            // whoever connects meanwhile would be reset.
            foreach (var twin in held.FindAll(other => protocol == ProtocolType.Tcp && other != socket && other.ProtocolType == protocol
                && ((IPEndPoint)other.LocalEndPoint!).Port == endPoint.Port && endPoint.Port != 0))
            {
                twin.Listen(1);
                socket.Listen(1);
            }
        }
        catch (SocketException e)
        {
            var reason = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"the {protocol.ToString().ToUpperInvariant()} port {endPoint.Port} is taken by another process, or twice here; a free "
                    + "one is wanted.",
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
            CreateFolder(path);
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
        try
        {
            ServersFile.Parse(File.ReadAllBytes(path));
        }
        catch (InvalidDataException e)
        {
            mistakes.Add($"{path}: {e.Message.ReplaceLineEndings(" ")}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mistakes.Add($"Rain:Servers = \"{path}\": the path of a readable file is wanted: {e.Message}");
        }
    }

    /// <summary>What is stored is for the gateway's user alone.</summary>
    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
