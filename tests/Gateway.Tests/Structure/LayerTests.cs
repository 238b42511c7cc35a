using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Gateway.Tests.Structure;

/// <summary>What each layer may know of the others and of the world, read from the assemblies that were built.</summary>
public sealed class LayerTests
{
    /// <summary>From the innermost; each may name those before it.</summary>
    private static readonly Layer[] Layers =
    [
        new("PouringRain.Coding", Packages: [], IsPure: true),
        new("PouringRain.Protocol", Packages: ["Blake3"], IsPure: true),
        new("PouringRain.Network", Packages: ["Microsoft.Extensions.Logging.Abstractions"], IsPure: false),
        new(
            "MurkyWaters", Packages: ["Microsoft.Extensions.Logging.Abstractions", "Microsoft.Data.Sqlite", "BitFaster.Caching", "Blake3"],
            IsPure: false),
        new("MurkyWaters.Engines", Packages: ["Microsoft.Extensions.Logging.Abstractions", "AWSSDK.Core", "AWSSDK.S3"], IsPure: false),
    ];

    /// <summary>What a layer that is driven by time and datagrams alone has no use for.</summary>
    private static readonly string[] World =
    [
        "System.Net.Sockets.Socket", "System.Net.Sockets.UdpClient", "System.Net.Dns", "System.IO.File", "System.IO.FileStream",
        "System.IO.Directory", "System.IO.RandomAccess",
        "System.Threading.Thread", "System.Threading.ThreadPool", "System.Threading.Timer", "System.Threading.Tasks.Task",
        "System.Diagnostics.Stopwatch", "System.TimeProvider", "System.Console",
    ];

    public static TheoryData<string> Names => [.. Layers.Select(layer => layer.Name)];

    public static TheoryData<string> PureNames => [.. Layers.Where(layer => layer.IsPure).Select(layer => layer.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_layer_names_only_those_below_it_and_its_packages(string name)
    {
        var index = Array.FindIndex(Layers, layer => layer.Name == name);
        using var file = Open(name, out var metadata);

        var foreign = metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
            .Where(reference => !reference.StartsWith("System.", StringComparison.Ordinal) && reference != "Microsoft.Win32.Primitives"
                && !Layers[index].Packages.Contains(reference)
                && !Layers[..index].Any(below => below.Name == reference));

        Assert.Empty(foreign);
    }

    [Theory]
    [MemberData(nameof(PureNames))]
    public void A_pure_layer_names_no_socket_file_thread_or_clock(string name)
    {
        using var file = Open(name, out var metadata);
        var types = metadata.TypeReferences.Select(handle => metadata.GetTypeReference(handle))
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}")
            .Where(World.Contains);
        var clocks = metadata.MemberReferences.Select(handle => metadata.GetMemberReference(handle))
            .Select(member => metadata.GetString(member.Name))
            .Where(member => member is "get_UtcNow" or "get_Now" or "get_TickCount64" or "get_TickCount");

        Assert.Empty(types);
        Assert.Empty(clocks);
    }

    /// <summary>A rule that nothing could break would say nothing: the layer with the sockets breaks it.</summary>
    [Fact]
    public void The_rule_for_pure_layers_sees_sockets()
    {
        using var file = Open("PouringRain.Network", out var metadata);
        Assert.Contains(
            metadata.TypeReferences, handle => metadata.GetString(metadata.GetTypeReference(handle).Namespace) == "System.Net.Sockets");
    }

    private static PEReader Open(string name, out MetadataReader metadata)
    {
        var file = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, $"{name}.dll")));
        metadata = file.GetMetadataReader();
        return file;
    }

    private sealed record Layer(string Name, string[] Packages, bool IsPure);
}
