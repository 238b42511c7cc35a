using System.Text.Json;

namespace Gateway.Configuration;

/// <summary>Finds names that nothing reads: they would change nothing without a word, so they are mistakes.</summary>
internal static class UnknownNames
{
    private static readonly string[] TopNames = [.. KnownSettings.OwnSections, .. KnownSettings.ForeignSections];

    /// <summary>Looks through everything that was given.</summary>
    /// <param name="configuration">All of it.</param>
    /// <param name="files">What the settings files say. Only there is every name at the top meant for the gateway: the environment is
    /// full of others.</param>
    /// <param name="args">The arguments.</param>
    /// <param name="mistakes">Takes a line for every mistake.</param>
    public static void Find(IConfiguration configuration, IConfiguration files, string[] args, List<string> mistakes)
    {
        FindInSections(configuration, mistakes);
        FindInFiles(files, mistakes);
        FindInArguments(args, mistakes);
    }

    /// <summary>A value for a setting that nobody could have meant otherwise: what is right, if it is nothing at all.</summary>
    private static void FindInSections(IConfiguration configuration, List<string> mistakes)
    {
        var lists = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var given = KnownSettings.OwnSections.Append("Urls").Append("AllowedHosts")
            .SelectMany(section => configuration.GetSection(section).AsEnumerable());
        foreach (var (key, value) in given.Where(pair => pair.Value is not null && pair.Key.Contains(':', StringComparison.Ordinal)))
        {
            if (KnownSettings.Find(key) is not null)
            {
                continue;
            }

            if (KnownSettings.Find(key[..key.LastIndexOf(':')]) is { } parent)
            {
                if (lists.Add(parent.Name))
                {
                    mistakes.Add(IsNoText(parent));
                }

                continue;
            }

            var nearest = KnownSettings.All.MinBy(setting => Distance(setting.Name, key))!;
            mistakes.Add($"{key} = \"{(nearest.IsSecret ? "…" : value)}\": there is no such setting; {nearest.Name} is the nearest.");
        }
    }

    /// <summary>Finds JSON lists without an item in place of a text, which the configuration cannot tell from the empty text.</summary>
    public static void FindEmptyLists(IEnumerable<SettingsFile> files, List<string> mistakes)
    {
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        foreach (var file in files.Where(file => file.Bytes is { Length: > 0 }))
        {
            // Editors of Windows put a mark before the text.
            ReadOnlyMemory<byte> text = file.Bytes.AsSpan().StartsWith("\uFEFF"u8) ? file.Bytes.AsMemory(3) : file.Bytes;
            using var document = JsonDocument.Parse(text, options);
            FindEmptyLists(document.RootElement, "", mistakes);
        }
    }

    private static void FindEmptyLists(JsonElement element, string path, List<string> mistakes)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in element.EnumerateObject())
            {
                FindEmptyLists(property.Value, path.Length == 0 ? property.Name : $"{path}:{property.Name}", mistakes);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array && element.GetArrayLength() == 0 && KnownSettings.Find(path) is { } setting)
        {
            mistakes.Add(IsNoText(setting));
        }
    }

    private static string IsNoText(Setting setting) =>
        $"{setting.Name}: {setting.Wanted} is wanted, as one text and not a JSON list or object.";

    private static void FindInFiles(IConfiguration files, List<string> mistakes)
    {
        foreach (var section in files.GetChildren())
        {
            if (!TopNames.Contains(section.Key, StringComparer.OrdinalIgnoreCase))
            {
                mistakes.Add($"{section.Key}: there is no such section in the settings file; "
                    + $"{TopNames.MinBy(name => Distance(name, section.Key))} is the nearest.");
            }
            else if (!string.IsNullOrEmpty(section.Value)
                && KnownSettings.OwnSections.Contains(section.Key, StringComparer.OrdinalIgnoreCase))
            {
                mistakes.Add($"{section.Key} = \"{section.Value}\": an object with the settings of this section is wanted.");
            }
        }
    }

    /// <summary>Finds arguments that the framework would pass over, or take for the value of the one before.</summary>
    public static void FindPassedOver(string[] args, List<string> mistakes)
    {
        for (var i = 0; i < args.Length; i++)
        {
            var argument = args[i];
            if (argument.Contains('=', StringComparison.Ordinal))
            {
                continue;
            }

            if (!argument.StartsWith("--", StringComparison.Ordinal))
            {
                mistakes.Add($"{argument}: there is no such argument; settings are given as --Name=value, and --help lists them.");
            }
            else if (++i == args.Length || args[i].StartsWith("--", StringComparison.Ordinal))
            {
                mistakes.Add($"{argument}: a value is wanted, as in {argument}=value; --help lists all settings.");
                i--;
            }
        }
    }

    private static void FindInArguments(string[] args, List<string> mistakes)
    {
        foreach (var argument in new ConfigurationBuilder().AddCommandLine(args).Build().GetChildren())
        {
            if (!TopNames.Contains(argument.Key, StringComparer.OrdinalIgnoreCase))
            {
                mistakes.Add($"--{argument.Key}: there is no such argument; --help lists them.");
            }
            else if (!string.IsNullOrEmpty(argument.Value)
                && KnownSettings.OwnSections.Contains(argument.Key, StringComparer.OrdinalIgnoreCase))
            {
                mistakes.Add($"--{argument.Key} = \"{argument.Value}\": the name of a setting in this section is wanted, as in "
                    + $"--{argument.Key}:Name=value.");
            }
        }
    }

    /// <summary>Levenshtein's distance, letters compared without case.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var isSame = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]);
                var cost = Math.Min(diagonal + (isSame ? 0 : 1), Math.Min(row[j], row[j - 1]) + 1);
                diagonal = row[j];
                row[j] = cost;
            }
        }

        return row[^1];
    }
}
