using System.Collections.Frozen;
using System.Net;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Servers;

/// <summary>
/// The servers that this node knows: those of servers.json, which is read again whenever it changes, those added over the API, and
/// nodes that made themselves known. Names are resolved in the background; of a name with several addresses the first IPv4 one
/// is taken, for a server listens on a port of one of them, not of all. Thread-safe.
/// </summary>
internal sealed partial class ServerTable
{
    /// <summary>How often names are resolved again.</summary>
    private static readonly TimeSpan ResolveInterval = TimeSpan.FromSeconds(60);

    /// <summary>A bound for nodes that add themselves.</summary>
    private const int PeerCountMax = 1000;

    /// <summary>Those of them of 2012 that have not answered yet: their names may be
    /// forged, and must not take the others' places.</summary>
    private const int UnansweredCountMax = 64;

    private readonly string _path;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly List<Server> _servers = [];
    private byte[] _fileSeen = [];
    private bool _isUnreadable;
    private DateTimeOffset _resolvedAt;
    private Task _resolving = Task.CompletedTask;

    /// <summary>What <see cref="IsTrusted"/> and <see cref="IsKnown"/> look at; null when servers have come, gone or moved since.</summary>
    private Named? _named;

    private ServerTable(string path, OwnEndPoints own, ILogger logger, TimeProvider time)
    {
        _path = path;
        Own = own;
        _logger = logger;
        _time = time;
    }

    /// <summary>Where this node rains.</summary>
    public OwnEndPoints Own { get; }

    /// <summary>Reads the list for the first time.</summary>
    /// <exception cref="InvalidDataException">The file is no such list.</exception>
    public static async Task<ServerTable> OpenAsync(
        string path, OwnEndPoints own, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        var table = new ServerTable(path, own, logger, time);
        if (path.Length > 0)
        {
            if (ServersFile.TryReadBytes(path) is not { } bytes)
            {
                ServersLog.FileMissing(logger, path);
            }
            else
            {
                try
                {
                    table.ReadFile(bytes);
                }
                catch (InvalidDataException error)
                {
                    throw new InvalidDataException($"The servers list {path}: {error.Message}.", error);
                }
            }
        }

        // Names should be known when the first request comes, but a slow name server must not hold up the start.
        await Task.WhenAny(table.ResolveAsync(), Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken));
        return table;
    }

    /// <summary>All that are known, in the order of the list.</summary>
    public IReadOnlyList<ServerSnapshot> Snapshot()
    {
        var now = _time.GetUtcNow();
        lock (_gate)
        {
            return [.. _servers.Select(server => server.ToSnapshot(now, server.Address is { } address && Own.Contains(address)))];
        }
    }

    /// <summary>Whom a fetch asks. This node's own endpoints are among them only for a reader who insists on rain: what is not here need
    /// not be looked for here.</summary>
    public IReadOnlyList<PeerAddress> AddressesForFetch(bool includeOwn) =>
        Addresses(server => !server.Name.IsClassic && (includeOwn || !Own.Contains(server.Address!.Value)));

    /// <summary>Servers that speak format 1 alone.</summary>
    public IReadOnlyList<PeerAddress> ClassicAddresses() =>
        Addresses(server => server.Name.IsClassic && !Own.Contains(server.Address!.Value));

    /// <summary>Those of them that a fetch asks: each costs it a second of silence, and a name that came with a PROPAGATE of format 1,
    /// which anybody can forge, is asked only while something has come from there.</summary>
    public IReadOnlyList<PeerAddress> ClassicAddressesForFetch() =>
        Addresses(server => server.Name.IsClassic && !Own.Contains(server.Address!.Value)
            && (server.Origin != ServerOrigin.Peer || (server.HasAnswered && server.SilentCount < SilentCountMax)));

    /// <summary>The other nodes.</summary>
    public IReadOnlyList<PeerAddress> OtherNodes() => AddressesForFetch(includeOwn: false);

    /// <summary>What the list calls an address, or the address.</summary>
    public string NameOf(PeerAddress address)
    {
        lock (_gate)
        {
            return Find(address)?.Name.ToString() ?? address.ToString();
        }
    }

    /// <summary>When a server was last heard, in this fetch or before; null when it never was.</summary>
    public DateTimeOffset? LastSeenOf(PeerAddress address)
    {
        lock (_gate)
        {
            return Find(address)?.LastSeen;
        }
    }

    /// <summary>Adds a server until the process ends; false when it was known, or as many are as may be.</summary>
    public bool Add(ServerName name, ServerOrigin origin)
    {
        lock (_gate)
        {
            if (_servers.Find(server => IsSame(server.Name, name)) is { } known)
            {
                if (known.Origin == ServerOrigin.Peer && origin != ServerOrigin.Peer)
                {
                    // It made itself known before; now a person has named it.
                    known.Origin = origin;
                    _named = null;
                }

                return false;
            }

            if (origin == ServerOrigin.Peer
                ? !HasPlaceForPeer(name.IsClassic)
                : _servers.Count(server => server.Origin == origin) >= ServersFile.CountMax)
            {
                return false;
            }

            _servers.Add(new Server(name, origin) { Address = TryReadAddress(name), SilentSince = _time.GetUtcNow() });
            _named = null;
        }

        _ = ResolveAsync();
        return true;
    }

    /// <summary>Whether there is a server of this name.</summary>
    public bool Contains(ServerName name)
    {
        lock (_gate)
        {
            return _servers.Any(server => IsSame(server.Name, name));
        }
    }

    /// <summary>Adds a node that made itself known, when it is one that may: one whose datagrams are sealed, or that
    /// <see cref="IsTrusted"/>. A sender in format 1 was allowed by its network.</summary>
    public void AddPeer(PeerAddress address, bool isClassic, bool isSealed = false)
    {
        lock (_gate)
        {
            foreach (var known in isClassic ? [] : FindAll(address))
            {
                known.SilentCount = 0;
            }

            if (Own.Contains(address) || Find(address) is not null)
            {
                return;
            }
        }

        if (isClassic || isSealed || IsTrusted(address))
        {
            AddPeerUnasked(address, isClassic);
        }
    }

    /// <summary>Whether to do what an unsealed node asks for, of which nothing is known but its address, and its rain port, which it says.
    /// A person has named it, or another of its machine. Of this machine's addresses any user can send, so there the port counts
    /// too: what comes then is what a server that was named rains, whoever asked. Takes no lock.</summary>
    /// <param name="address">The node's address with its rain port.</param>
    public bool IsTrusted(PeerAddress address)
    {
        var named = Volatile.Read(ref _named) ?? FindNamed();
        return !Own.Contains(address)
            && (named.EndPoints.Contains(address)
            || (!Own.IsOfThisMachine(address) && named.Addresses.Contains((address.Address, address.ScopeId))));
    }

    /// <summary>Whether somebody is among the servers, be it that it made itself known. Takes no lock.</summary>
    public bool IsKnown(PeerAddress address) => (Volatile.Read(ref _named) ?? FindNamed()).Known.Contains(address);

    private Named FindNamed()
    {
        lock (_gate)
        {
            // Who made itself known vouches for nobody.
            var addresses = _servers.Where(server => server is { Address: not null, Origin: not ServerOrigin.Peer })
                .Select(server => server.Address!.Value).ToList();
            var named = new Named(
                addresses.ToFrozenSet(),
                addresses.Select(address => (address.Address, address.ScopeId)).ToFrozenSet(),
                _servers.Where(server => server.Address is not null).Select(server => server.Address!.Value).ToFrozenSet());
            Volatile.Write(ref _named, named);
            return named;
        }
    }

    /// <summary>Forgets a server; one of the file comes back when the file is edited.</summary>
    public bool Remove(ServerName name)
    {
        lock (_gate)
        {
            _named = null;
            return _servers.RemoveAll(server => IsSame(server.Name, name)) > 0;
        }
    }

    /// <summary>Once a second: reads the file when it has changed, and resolves names when it is time.</summary>
    public void Tick()
    {
        if (_path.Length > 0)
        {
            ReadFileIfChanged();
        }

        ForgetSilentPeers();
        if (_time.GetUtcNow() - _resolvedAt > ResolveInterval && _resolving.IsCompleted)
        {
            _resolving = ResolveAsync();
        }
    }

    private bool HasPlaceForPeer(bool isClassic) =>
        _servers.Count(server => server.Origin == ServerOrigin.Peer) < PeerCountMax
        && (!isClassic
        || _servers.Count(
            server => server.Origin == ServerOrigin.Peer && server.Name.IsClassic && !server.HasAnswered) < UnansweredCountMax);

    private static bool IsSame(ServerName left, ServerName right) => left.Port == right.Port && left.Host == right.Host;

    private static PeerAddress? TryReadAddress(ServerName name) =>
        IPAddress.TryParse(name.Host, out var address) ? PeerAddress.From(new IPEndPoint(address, name.Port)) : null;

    private PeerAddress[] Addresses(Func<Server, bool> isWanted)
    {
        lock (_gate)
        {
            return [.. _servers.Where(server => server.Address is not null && isWanted(server)).Select(server => server.Address!.Value)
                .Distinct()];
        }
    }

    private Server? Find(PeerAddress address) => _servers.Find(server => server.Address == address);

    /// <summary>Several names may lead to one address.</summary>
    private IEnumerable<Server> FindAll(PeerAddress address) => _servers.Where(server => server.Address == address);

    /// <summary>The bytes are compared: neither the time of a file nor that of a link tells of every edit, least of all where a cluster
    /// puts files in place by turning a link (a ConfigMap of Kubernetes).</summary>
    private void ReadFileIfChanged()
    {
        try
        {
            if (ServersFile.TryReadBytes(_path) is not { } bytes)
            {
                NoteGone();
                return;
            }

            if (bytes.AsSpan().SequenceEqual(_fileSeen))
            {
                _isUnreadable = false;
                return;
            }

            ReadFile(bytes);
            ServersLog.FileRead(_logger, _path, Snapshot().Count);
            _resolving = ResolveAsync();
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            // Said once for every edit, since the bytes were noted before; of a file that cannot be read, once until it can.
            if (error is InvalidDataException || !_isUnreadable)
            {
                ServersLog.FileRefused(_logger, _path, error.Message);
            }

            _isUnreadable = error is not InvalidDataException;
        }
    }

    /// <summary>Says once that a file that was read is not there any more.</summary>
    private void NoteGone()
    {
        if (_fileSeen.Length > 0 && !_isUnreadable)
        {
            _isUnreadable = true;
            ServersLog.FileRefused(_logger, _path, "it is gone");
        }
    }

    private void ReadFile(byte[] bytes)
    {
        _fileSeen = bytes;
        _isUnreadable = false;
        var names = ServersFile.Parse(bytes);
        lock (_gate)
        {
            var before = _servers.ToArray();
            var others = before.Where(server => server.Origin != ServerOrigin.File && !names.Any(name => IsSame(server.Name, name)))
                .ToArray();
            _servers.Clear();

            // What was learnt of a server stays with it, whoever named it first.
            foreach (var name in names)
            {
                var server = Array.Find(before, server => server.Name == name)
                    ?? new Server(name, ServerOrigin.File) { Address = TryReadAddress(name) };
                server.Origin = ServerOrigin.File;
                _servers.Add(server);
            }

            _servers.AddRange(others);
            _named = null;
        }
    }

    private async Task ResolveAsync()
    {
        Server[] named;
        lock (_gate)
        {
            _resolvedAt = _time.GetUtcNow();
            named = [.. _servers.Where(server => TryReadAddress(server.Name) is null)];
        }

        await Task.WhenAll(named.Select(ResolveAsync));
    }

    private async Task ResolveAsync(Server server)
    {
        var resolved = await server.Name.ResolveAsync();
        lock (_gate)
        {
            // An address that was good is kept while the name server is away.
            server.Address = resolved ?? server.Address;
            server.IsUnresolvable = server.Address is null;
            _named = null;
        }
    }

    private sealed record Named(
        FrozenSet<PeerAddress> EndPoints, FrozenSet<(Bits128 Address, uint ScopeId)> Addresses, FrozenSet<PeerAddress> Known);
}
