namespace Hostile;

/// <summary>What stands after the name of an attack: <c>--name value</c> pairs.</summary>
internal sealed record Options
{
    public const string Usage = "[--gateway PATH] [--set Name=value]... [--json FILE]";

    /// <summary>The gateway that is attacked: Gateway.dll, or its executable.</summary>
    public string Gateway { get; private init; } = FindGateway();

    /// <summary>Further settings of every gateway, as <c>Name=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; private init; } = [];

    /// <summary>Where the rows go as JSON, or null.</summary>
    public string? JsonPath { get; private init; }

    /// <summary>Reads the command line; null, and what is wrong with it, when it cannot be.</summary>
    public static Options? Parse(ReadOnlySpan<string> arguments, out string error)
    {
        var options = new Options();
        error = "";
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var name = arguments[i];
            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            var next = name switch
            {
                "--gateway" when value.Length > 0 => options with { Gateway = Path.GetFullPath(value) },
                "--set" when value.Contains('=', StringComparison.Ordinal) => options with { Settings = [.. options.Settings, value] },
                "--json" when value.Length > 0 => options with { JsonPath = value },
                _ => null,
            };
            if (next is null)
            {
                error = $"{name} {value} is not understood; known are {Usage}";
                return null;
            }

            options = next;
        }

        if (!File.Exists(options.Gateway))
        {
            error = $"there is no gateway at {options.Gateway}";
            return null;
        }

        return options;
    }

    private static string FindGateway()
    {
        // artifacts/bin/Hostile/CONFIGURATION/ beside artifacts/bin/Gateway/CONFIGURATION/.
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        return Path.Combine(own.Parent?.Parent?.FullName ?? own.FullName, "Gateway", own.Name, "Gateway.dll");
    }
}
