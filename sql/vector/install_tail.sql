
    $script$;
END
$alias$;
